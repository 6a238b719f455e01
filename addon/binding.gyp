{
  "targets": [
    {
      "target_name": "piston_bpf",
      "sources": [
        "src/addon.cc",
        "src/beside.cc",
        "src/capabilities.cc",
        "src/error.cc",
        "src/fd.cc",
        "src/features.cc",
        "src/link.cc",
        "src/map.cc",
        "src/map-bulk.cc",
        "src/memory.cc",
        "src/object.cc",
        "src/packet-socket.cc",
        "src/patch.cc",
        "src/program.cc",
        "src/prune.cc",
        "src/ring-buffer.cc",
        "src/ring-reader.cc",
        "src/seal.cc",
        "src/sha256.cc",
        "src/system.cc",
        "src/test-run.cc"
      ],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=9", "NODE_ADDON_API_CPP_EXCEPTIONS", "NODE_ADDON_API_REQUIRE_BASIC_FINALIZERS"],
      "cflags!": ["-fno-exceptions", "-O3"],
      "cflags_cc!": ["-fno-exceptions", "-std=gnu++17"],
      "cflags_cc": ["-std=gnu++20", "-fexceptions", "-O2", "-Wall", "-Wextra"],
      "libraries": ["-lbpf"]
    }
  ]
}
