// A BPF ELF object: opened, its maps adjusted, loaded into the kernel. Its programs and maps are handed out with
// descriptors of their own, which outlive the object.
#include <bpf/libbpf.h>

#include <signal.h>

#include <cstdarg>
#include <cstdio>
#include <memory>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "beside.h"
#include "map.h"
#include "patch.h"
#include "program.h"

namespace piston {
namespace {

constexpr size_t kLogBytes = 64 * 1024;

// libbpf prints through one function for the whole process; each thread collects what its own calls make it say.
thread_local std::string* collected = nullptr;

int Collect(enum libbpf_print_level level, const char* format, va_list arguments) {
  if (level != LIBBPF_WARN || !collected) return 0;
  va_list again;
  va_copy(again, arguments);
  int length = vsnprintf(nullptr, 0, format, again);
  va_end(again);
  if (length <= 0) return 0;
  std::vector<char> text(static_cast<size_t>(length) + 1);
  vsnprintf(text.data(), text.size(), format, arguments);
  collected->append(text.data(), static_cast<size_t>(length));
  // The reason stands at the end of a verifier log.
  if (collected->size() > kLogBytes) collected->erase(0, collected->size() - kLogBytes);
  return length;
}

// While one is alive no signal interrupts this thread: the verifier gives up with EAGAIN at a pending
// signal, and a process that gets them without end (a profiler's timer) would never load. Other threads take them meanwhile.
class WithoutSignals {
 public:
  WithoutSignals() {
    sigset_t all;
    sigfillset(&all);
    for (int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT}) sigdelset(&all, fault);
    pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  ~WithoutSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  WithoutSignals(const WithoutSignals&) = delete;
  WithoutSignals& operator=(const WithoutSignals&) = delete;

 private:
  sigset_t before_;
};

class Collecting {
 public:
  Collecting() { collected = &text_; }
  Collecting(const Collecting&) = delete;
  Collecting& operator=(const Collecting&) = delete;
  ~Collecting() { collected = nullptr; }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

struct CloseObject {
  void operator()(struct bpf_object* object) const { bpf_object__close(object); }
};

class Object : public Napi::ObjectWrap<Object> {
 public:
  explicit Object(const Napi::CallbackInfo& info);

  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "NativeObject",
                       {
                           InstanceMethod<&Object::Maps>("maps"),
                           InstanceMethod<&Object::Programs>("programs"),
                           InstanceMethod<&Object::SetMaxEntries>("setMaxEntries"),
                           InstanceMethod<&Object::ReuseMap>("reuseMap"),
                           InstanceMethod<&Object::UseValue>("useValue"),
                           InstanceMethod<&Object::UseConstants>("useConstants"),
                           InstanceMethod<&Object::SetInitialValue>("setInitialValue"),
                           InstanceMethod<&Object::Load>("load"),
                           InstanceMethod<&Object::LoadBeside>("loadBeside"),
                           InstanceMethod<&Object::GetProgram>("program"),
                           InstanceMethod<&Object::GetMap>("map"),
                           InstanceMethod<&Object::Close>("close"),
                           InstanceMethod<&Object::IsClosed>("isClosed"),
                       });
  }

 private:
  enum class State { kOpen, kLoaded, kFailed };

  struct bpf_object* Use(const char* operation) {
    if (!object_) Fail(Env(), {operation, name_, EBADF, "the object is closed"});
    return object_.get();
  }
  struct bpf_object* UseBefore(const char* operation) {
    struct bpf_object* object = Use(operation);
    if (state_ != State::kOpen) Fail(Env(), {operation, name_, EBUSY, "its load was already called"});
    return object;
  }
  struct bpf_object* UseAfter(const char* operation) {
    struct bpf_object* object = Use(operation);
    if (state_ != State::kLoaded) Fail(Env(), {operation, name_, EINVAL, "it is not loaded"});
    return object;
  }

  // A map by its name; `.rodata` and its like go by the name of their section, whatever the object's own name.
  struct bpf_map* Find(const char* operation, struct bpf_object* object, const std::string& name) {
    for (const auto& [declared, map] : maps_) {
      if (declared == name) return map;
    }
    struct bpf_map* map = bpf_object__find_map_by_name(object, name.c_str());
    if (!map) Fail(Env(), {operation, name_, ENOENT, "it has no map " + name});
    return map;
  }

  Napi::Value Maps(const Napi::CallbackInfo& info);
  Napi::Value Programs(const Napi::CallbackInfo& info);
  void SetMaxEntries(const Napi::CallbackInfo& info);
  void ReuseMap(const Napi::CallbackInfo& info);
  void UseValue(const Napi::CallbackInfo& info);
  void UseConstants(const Napi::CallbackInfo& info);
  void SetInitialValue(const Napi::CallbackInfo& info);
  // On whichever thread calls; `said` gets what libbpf had to say.
  int LoadHere(std::string* said);
  void Load(const Napi::CallbackInfo& info);
  void LoadBeside(const Napi::CallbackInfo& info);
  void Settle(int error, const std::string& log);
  Napi::Value GetProgram(const Napi::CallbackInfo& info);
  Napi::Value GetMap(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo&) {
    maps_.clear();
    object_.reset();
  }
  Napi::Value IsClosed(const Napi::CallbackInfo& info) { return Napi::Boolean::New(info.Env(), !object_); }

  std::unique_ptr<struct bpf_object, CloseObject> object_;
  // Maps by the names that the source gave them: bpf_map__reuse_fd() renames a map after the one that it is bound to.
  std::vector<std::pair<std::string, struct bpf_map*>> maps_;
  Patch patch_;
  std::string name_;
  State state_ = State::kOpen;
};

// (ELF bytes, name)
Object::Object(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Object>(info) {
  Bytes elf = ReadBytes(info[0], "elf");
  name_ = ReadString(info[1], "name");
  auto options = Options<bpf_object_open_opts>();
  options.object_name = name_.c_str();
  Collecting log;
  errno = 0;
  object_.reset(bpf_object__open_mem(elf.data, elf.size, &options));
  if (!object_) Fail(info.Env(), {"object open", name_, errno ? errno : EINVAL, "", log.text()});
  struct bpf_map* map;
  bpf_object__for_each_map(map, object_.get()) maps_.emplace_back(bpf_map__name(map), map);
}

Napi::Value Object::Maps(const Napi::CallbackInfo& info) {
  Use("object maps");
  Napi::Array list = Napi::Array::New(info.Env());
  for (const auto& [name, map] : maps_) {
    const char* type = libbpf_bpf_map_type_str(bpf_map__type(map));
    Napi::Object entry = Napi::Object::New(info.Env());
    entry.Set("name", name);
    entry.Set("type", type ? std::string(type) : std::to_string(bpf_map__type(map)));
    entry.Set("keyBytes", bpf_map__key_size(map));
    entry.Set("valueBytes", bpf_map__value_size(map));
    entry.Set("maxEntries", bpf_map__max_entries(map));
    entry.Set("flags", bpf_map__map_flags(map));
    list.Set(list.Length(), entry);
  }
  return list;
}

const char* HelperName(int32_t id) {
#define PISTON_HELPER_NAME(name) "bpf_" #name
  static const char* const names[] = {__BPF_FUNC_MAPPER(PISTON_HELPER_NAME)};
#undef PISTON_HELPER_NAME
  return id >= 0 && static_cast<size_t>(id) < sizeof(names) / sizeof(names[0]) ? names[id] : nullptr;
}

// As the file has them, before load: type, instructions, and the helpers that they call.
Napi::Value Object::Programs(const Napi::CallbackInfo& info) {
  struct bpf_object* object = Use("object programs");
  Napi::Array list = Napi::Array::New(info.Env());
  struct bpf_program* program;
  bpf_object__for_each_program(program, object) {
    const char* type = libbpf_bpf_prog_type_str(bpf_program__type(program));
    const struct bpf_insn* code = bpf_program__insns(program);
    size_t count = bpf_program__insn_cnt(program);
    Napi::Array helpers = Napi::Array::New(info.Env());
    std::set<int32_t> seen;
    for (size_t i = 0; i < count; i++) {
      bool call = code[i].code == (BPF_JMP | BPF_CALL) && code[i].src_reg == 0;
      if (!call || !seen.insert(code[i].imm).second) continue;
      const char* name = HelperName(code[i].imm);
      Napi::Object helper = Napi::Object::New(info.Env());
      helper.Set("id", code[i].imm);
      helper.Set("name", name ? std::string(name) : "helper " + std::to_string(code[i].imm));
      helpers.Set(helpers.Length(), helper);
    }
    Napi::Object entry = Napi::Object::New(info.Env());
    entry.Set("name", bpf_program__name(program));
    entry.Set("type", type ? std::string(type) : std::to_string(bpf_program__type(program)));
    entry.Set("instructions", static_cast<double>(count));
    entry.Set("helpers", helpers);
    list.Set(list.Length(), entry);
  }
  return list;
}

void Object::SetMaxEntries(const Napi::CallbackInfo& info) {
  struct bpf_object* object = UseBefore("object set-max-entries");
  std::string name = ReadString(info[0], "map");
  struct bpf_map* map = Find("object set-max-entries", object, name);
  int error = bpf_map__set_max_entries(map, ReadU32(info[1], "maxEntries"));
  if (error) Fail(info.Env(), {"object set-max-entries", name_ + " " + name, error});
}

// Binds a name in the object to a map that is there already. The verifier checks accesses against the real map, but
// says little; a map of another shape is refused here, with both shapes.
void Object::ReuseMap(const Napi::CallbackInfo& info) {
  struct bpf_object* bpf = UseBefore("object reuse-map");
  std::string name = ReadString(info[0], "map");
  struct bpf_map* map = Find("object reuse-map", bpf, name);
  Map& other = Map::From(info[1]);
  int fd = other.Use("object reuse-map");
  std::string object = name_ + " " + name;
  auto shape = [](uint32_t type, uint32_t key, uint32_t value) {
    const char* text = libbpf_bpf_map_type_str(static_cast<enum bpf_map_type>(type));
    return std::string(text ? text : "?") + " of " + std::to_string(key) + "-byte keys and " + std::to_string(value) + "-byte values";
  };
  std::string wanted = shape(bpf_map__type(map), bpf_map__key_size(map), bpf_map__value_size(map));
  std::string given = shape(other.type(), other.key_bytes(), other.value_bytes());
  if (wanted != given) Fail(info.Env(), {"object reuse-map", object, EINVAL, "it wants " + wanted + ", " + other.name() + " is " + given});
  int error = bpf_map__reuse_fd(map, fd);
  if (error) Fail(info.Env(), {"object reuse-map", object, error});
}

// (name, map or null) Binds a name in the object to the value of an array of one element, whatever its size, or to that of the
// object's own map: where the source takes the map's address, the program gets the value's. No look-up then, and the
// verifier holds accesses to the value's size.
void Object::UseValue(const Napi::CallbackInfo& info) {
  struct bpf_object* bpf = UseBefore("object use-value");
  std::string name = ReadString(info[0], "map");
  struct bpf_map* map = Find("object use-value", bpf, name);
  std::string object = name_ + " " + name;
  if (!info[1].IsNull()) {
    Map& other = Map::From(info[1]);
    int fd = other.Use("object use-value");
    if (other.type() != BPF_MAP_TYPE_ARRAY || other.max_entries() != 1) {
      Fail(info.Env(), {"object use-value", object, EINVAL, other.name() + " is not an array of one element"});
    }
    int error = bpf_map__reuse_fd(map, fd);
    if (error) Fail(info.Env(), {"object use-value", object, error});
  } else if (bpf_map__type(map) != BPF_MAP_TYPE_ARRAY || bpf_map__max_entries(map) != 1) {
    Fail(info.Env(), {"object use-value", object, EINVAL, name + " is not an array of one element"});
  }
  patch_.values.insert(map);
}

// (base, bit base, optional base, any bit, bytes) Constants that the verifier sees, and that cost the program no load: see Patch.
void Object::UseConstants(const Napi::CallbackInfo& info) {
  UseBefore("object use-constants");
  patch_.base = ReadU32(info[0], "base");
  patch_.bit_base = ReadU32(info[1], "bitBase");
  patch_.optional_base = ReadU32(info[2], "optionalBase");
  patch_.any_bit = ReadU32(info[3], "anyBit");
  Bytes bytes = ReadBytes(info[4], "bytes");
  patch_.constants.assign(bytes.data, bytes.data + bytes.size);
}

void Object::SetInitialValue(const Napi::CallbackInfo& info) {
  struct bpf_object* object = UseBefore("object set-value");
  std::string name = ReadString(info[0], "map");
  struct bpf_map* map = Find("object set-value", object, name);
  Bytes value = ReadBytes(info[1], "value");
  std::string detail;
  if (value.size != bpf_map__value_size(map)) {
    detail = "the value has " + std::to_string(value.size) + " bytes, the map's has " + std::to_string(bpf_map__value_size(map));
  }
  int error = bpf_map__set_initial_value(map, value.data, value.size);
  if (error) Fail(info.Env(), {"object set-value", name_ + " " + name, error, detail});
}

// The kernel takes a program's maps from its instructions. Those that were cut out name some too, and which maps a program
// has must not hang on what its constants rule out.
int BindMaps(struct bpf_object* object) {
  struct bpf_program* program;
  struct bpf_map* map;
  bpf_object__for_each_program(program, object) {
    bpf_object__for_each_map(map, object) {
      if (bpf_prog_bind_map(bpf_program__fd(program), bpf_map__fd(map), nullptr)) return -errno;
    }
  }
  return 0;
}

// Without a log level libbpf loads quietly; where that fails it loads once more with the log on, for us to collect.
int Object::LoadHere(std::string* said) {
  WithoutSignals quiet;
  Collecting log;
  Patching patching(patch_);
  int error = bpf_object__load(object_.get());
  if (!error && !patch_.constants.empty()) error = BindMaps(object_.get());
  *said = log.text();
  return error;
}

void Object::Load(const Napi::CallbackInfo&) {
  UseBefore("object load");
  std::string log;
  int error = LoadHere(&log);
  Settle(error, log);
}

// (another object) Loads both at once: the verifier is most of a load, and it takes no lock that two loads would share.
void Object::LoadBeside(const Napi::CallbackInfo& info) {
  UseBefore("object load");
  if (!info[0].IsObject() || !info[0].As<Napi::Object>().InstanceOf(AddonData::Of(info.Env()).object.Value())) {
    throw Napi::TypeError::New(info.Env(), "expected an object");
  }
  Object& other = *Napi::ObjectWrap<Object>::Unwrap(info[0].As<Napi::Object>());
  if (&other == this) Fail(info.Env(), {"object load", name_, EINVAL, "it cannot be loaded beside itself"});
  other.UseBefore("object load");
  int error = 0, beside_error = 0;
  std::string log, beside_log;
  Beside second(info.Env(), [&] { beside_error = other.LoadHere(&beside_log); });
  error = LoadHere(&log);
  second.Join();
  other.state_ = beside_error ? State::kFailed : State::kLoaded;
  Settle(error, log);
  other.Settle(beside_error, beside_log);
}

void Object::Settle(int error, const std::string& log) {
  state_ = error ? State::kFailed : State::kLoaded;
  if (error) Fail(Env(), {"object load", name_, error, "", log});
}

Napi::Value Object::GetProgram(const Napi::CallbackInfo& info) {
  struct bpf_object* object = UseAfter("object program");
  std::string name = ReadString(info[0], "program");
  struct bpf_program* program = bpf_object__find_program_by_name(object, name.c_str());
  if (!program) Fail(info.Env(), {"object program", name_, ENOENT, "it has no program " + name});
  return Program::Adopt(info.Env(), "object program", {Fd::Duplicate(bpf_program__fd(program)), name});
}

Napi::Value Object::GetMap(const Napi::CallbackInfo& info) {
  struct bpf_object* object = UseAfter("object map");
  std::string name = ReadString(info[0], "map");
  struct bpf_map* map = Find("object map", object, name);
  return Map::Adopt(info.Env(), "object map", {Fd::Duplicate(bpf_map__fd(map)), name});
}

Napi::Value Open(const Napi::CallbackInfo& info) {
  return AddonData::Of(info.Env()).object.New({info[0], info[1]});
}

}  // namespace

void DefineObject(Napi::Env env, Napi::Object exports) {
  static std::once_flag once;
  std::call_once(once, [] {
    libbpf_set_print(Collect);
    Patching::Register();
  });
  AddonData::Of(env).object = Napi::Persistent(Object::Define(env));
  exports.Set("openObject", Napi::Function::New<Open>(env, "openObject"));
}

}  // namespace piston
