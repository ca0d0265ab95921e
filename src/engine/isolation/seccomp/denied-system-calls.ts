// System calls that functions do not get: what reaches other processes, the kernel itself or its settings.

/** Number on x86_64 and on aarch64; undefined where the architecture has no such call. */
type Numbers = readonly [x86_64: number | undefined, aarch64: number | undefined];

export const ARCHITECTURES = ['x86_64', 'aarch64'] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

/** AUDIT_ARCH_* of linux/audit.h */
export const AUDIT_ARCHITECTURE: Readonly<Record<Architecture, number>> = {
  x86_64: 0xc000_003e,
  aarch64: 0xc000_00b7,
};

/*
 * Most of these the kernel refuses to an unprivileged process anyway. They are named all the same: what
 * is not reached cannot be wrong in it. Numbers: asm/unistd_64.h and asm-generic/unistd.h of Linux.
 */
export const DENIED: Readonly<Record<string, Readonly<Record<string, Numbers>>>> = {
  'other processes': {
    ptrace: [101, 117], process_vm_readv: [310, 270], process_vm_writev: [311, 271], kcmp: [312, 272],
    pidfd_getfd: [438, 438], process_madvise: [440, 440], move_pages: [279, 239], migrate_pages: [256, 238],
  },
  // Keyrings belong to users of the machine, not to namespaces.
  keyrings: { add_key: [248, 217], request_key: [249, 218], keyctl: [250, 219] },
  'mounts and files by handle': {
    mount: [165, 40], umount2: [166, 39], pivot_root: [155, 41], chroot: [161, 51], open_tree: [428, 428],
    move_mount: [429, 429], fsopen: [430, 430], fsconfig: [431, 431], fsmount: [432, 432], fspick: [433, 433],
    mount_setattr: [442, 442], quotactl_fd: [443, 443], statmount: [457, 457], listmount: [458, 458],
    open_tree_attr: [467, 467], swapon: [167, 224], swapoff: [168, 225], quotactl: [179, 60],
    fanotify_init: [300, 262], open_by_handle_at: [304, 265],
  },
  namespaces: { unshare: [272, 97], setns: [308, 268] },
  'the kernel': {
    bpf: [321, 280], perf_event_open: [298, 241], userfaultfd: [323, 282], kexec_load: [246, 104],
    kexec_file_load: [320, 294], init_module: [175, 105], finit_module: [313, 273], delete_module: [176, 106],
    create_module: [174, undefined], query_module: [178, undefined], get_kernel_syms: [177, undefined],
    lookup_dcookie: [212, 18], nfsservctl: [180, 42], syslog: [103, 116], acct: [163, 89], reboot: [169, 142],
    vhangup: [153, 58], uselib: [134, undefined], _sysctl: [156, undefined], iopl: [172, undefined],
    ioperm: [173, undefined], modify_ldt: [154, undefined],
    io_uring_setup: [425, 425], io_uring_enter: [426, 426], io_uring_register: [427, 427],
  },
  // fs.aio-max-nr is one number for the whole machine: who takes all of it stops its databases.
  'what the machine has few of': { io_setup: [206, 0] },
  'names and clocks of the machine': {
    sethostname: [170, 161], setdomainname: [171, 162], settimeofday: [164, 170], clock_settime: [227, 112],
    clock_adjtime: [305, 266], adjtimex: [159, 171],
  },
};

/** Calls whose arguments decide. */
export const WATCHED = {
  clone: [56, 220],
  clone3: [435, 435],
  socket: [41, 198],
  socketpair: [53, 199],
  ioctl: [16, 29],
  personality: [135, 92],
} as const satisfies Readonly<Record<string, readonly [number, number]>>;

/** Calls of x32 have this bit: the same kernel by other numbers. asm/unistd.h */
export const X32_BIT = 0x4000_0000;

/** CLONE_NEW{CGROUP,UTS,IPC,USER,PID,NET,NS} of linux/sched.h, those that clone(2) takes. */
export const NAMESPACE_FLAGS = 0x0200_0000 | 0x0400_0000 | 0x0800_0000 | 0x1000_0000 | 0x2000_0000 | 0x4000_0000 | 0x0002_0000;

/** AF_UNSPEC, AF_UNIX, AF_INET, AF_INET6: not AF_VSOCK (the hypervisor), AF_ALG, AF_PACKET and the rest. */
export const SOCKET_FAMILIES: readonly number[] = [0, 1, 2, 10];
/** With NETLINK_ROUTE alone, which tells a program its own addresses. */
export const AF_NETLINK = 16;

/** TIOCSTI and TIOCLINUX put characters into a terminal. asm-generic/ioctls.h */
export const TERMINAL_INPUT: readonly number[] = [0x5412, 0x541c];

/** PER_LINUX, and the question which one it is. Others switch off protections of the process. */
export const PERSONALITIES: readonly number[] = [0, 0xffff_ffff];

/** asm-generic/errno.h */
export const ERROR_NUMBERS = { EPERM: 1, ENOSYS: 38, EAFNOSUPPORT: 97 } as const;
