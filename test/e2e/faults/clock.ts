// A wall clock for one process that jumps when a test says so: a library that stands before libc and adds an offset from a
// file to CLOCK_REALTIME. A time namespace cannot do it (it moves the monotonic clocks only), and nobody wants a test that
// sets the machine's clock. What the kernel does by itself (timers, BPF programs) is left alone, as in a real jump.

import { execFileSync } from "node:child_process";
import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";

const SOURCE = `
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *offset_seconds;

__attribute__((constructor)) static void map_offset(void) {
  const char *path = getenv("PISTON_TEST_CLOCK");
  int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (fd < 0) return;
  void *mapped = mmap(NULL, 8, PROT_READ, MAP_SHARED, fd, 0);
  if (mapped != MAP_FAILED) offset_seconds = mapped;
  close(fd);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  int result = (int)syscall(SYS_clock_gettime, clock, now);
  if (!result && offset_seconds && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += *offset_seconds;
  return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  (void)zone;
  struct timespec precise;
  int result = clock_gettime(CLOCK_REALTIME, &precise);
  now->tv_sec = precise.tv_sec;
  now->tv_usec = precise.tv_nsec / 1000;
  return result;
}

time_t time(time_t *result) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (result) *result = now.tv_sec;
  return now.tv_sec;
}
`;

export class JumpingClock {
  /** For a process that shall have it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly #file: string;

  /** @param folder where its files may be. */
  constructor(folder: string) {
    const source = join(folder, "clock.c");
    const library = join(folder, "clock.so");
    this.#file = join(folder, "clock-offset");
    writeFileSync(source, SOURCE);
    execFileSync("clang", ["-shared", "-fPIC", "-O1", "-Wall", "-Werror", source, "-o", library]);
    writeFileSync(this.#file, new Uint8Array(8));
    this.environment = { LD_PRELOAD: library, PISTON_TEST_CLOCK: this.#file };
  }

  /** From now on the process's wall clock is so much ahead of the machine's, or behind. */
  jump(offsetSeconds: number): void {
    const fd = openSync(this.#file, "r+"); // in place: what is mapped is this very file
    writeSync(fd, new Uint8Array(BigInt64Array.of(BigInt(offsetSeconds)).buffer), 0, 8, 0);
    closeSync(fd);
  }
}
