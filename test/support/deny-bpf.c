// deny-bpf COMMAND ERRNO PROGRAM [ARGUMENT...]: runs a program under a seccomp filter in which bpf() fails with ERRNO: for the
// command of that number (enum bpf_cmd), or for every one where COMMAND is -1. What a container runtime or an older kernel does.
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))

int main(int argc, char **argv)
{
	if (argc < 4) return 2;
	int command = atoi(argv[1]);
	unsigned int deny = SECCOMP_RET_ERRNO | ((unsigned int)atoi(argv[2]) & SECCOMP_RET_DATA);
	struct sock_filter one[] = {
		LOAD(nr),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 0, 3),
		LOAD(args[0]), // its low half: the machines that this runs on are little-endian
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)command, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, deny),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_filter all[] = {
		LOAD(nr),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, deny),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = command < 0 ? (struct sock_fprog){sizeof(all) / sizeof(*all), all}
					       : (struct sock_fprog){sizeof(one) / sizeof(*one), one};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter)) {
		perror("seccomp");
		return 2;
	}
	execvp(argv[3], argv + 3);
	perror(argv[3]);
	return 2;
}
