// Exit kinds: numbers, names, and the reason texts of the kernel (scx_exit_reason()).

export const EXIT_KIND = {
  NONE: 0,
  DONE: 1,
  UNREG: 64,
  UNREG_BPF: 65,
  UNREG_KERN: 66,
  SYSRQ: 67,
  PARENT: 68,
  PARENT_KILL: 69,
  ERROR: 1024,
  ERROR_BPF: 1025,
  ERROR_STALL: 1026,
  ERROR_REENQ: 1027,
  ERROR_RESCUE: 1028,
} as const;

const REASONS: Readonly<Record<number, string>> = {
  64: 'unregistered from user space',
  65: 'unregistered from BPF',
  66: 'unregistered from the main kernel',
  67: 'disabled by sysrq-S',
  68: 'parent exiting',
  69: 'killed by parent scheduler',
  1024: 'runtime error',
  1025: 'scx_bpf_error',
  1026: 'runnable task stall',
  1027: 'reenqueue limit',
  1028: 'rescue bandwidth overload',
};

/** The kernel's words for an exit kind. */
export function exitReason(kind: number): string {
  return REASONS[kind] ?? '<UNKNOWN>';
}

/** Kinds from ERROR on mean that the scheduler was ejected. */
export function isErrorKind(kind: number): boolean {
  return kind >= EXIT_KIND.ERROR;
}
