/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Deliberate bugs: the test of the differential fuzzer (test/differential/canary.test.ts) builds the program with each of
 * them and asks that it is found. Nothing else defines PISTON_CANARY; without it CANARY() is 0 and leaves no instruction. An
 * object with one has the section `canary`, which the test looks for in the real object, and must not find.
 */
#ifndef PISTON_CANARY_BPF_H
#define PISTON_CANARY_BPF_H

#define CANARY_RANGE_EDGE 1   /* an IPv4 range is taken to start one address late */
#define CANARY_SUMMARY_WORD 2 /* rules 64 to 127 are passed over */
#define CANARY_LIMIT_EDGE 3   /* a limit lets one unit less than its burst through */

#ifdef PISTON_CANARY
#define CANARY(bug) (PISTON_CANARY == (bug))
const char piston_canary[] SEC("canary") = "not for use";
#else
#define CANARY(bug) 0
#endif

#endif
