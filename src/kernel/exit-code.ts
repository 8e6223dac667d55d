// Exit codes of graceful exits: bits 63..48 action, 47..32 reason, 31..0 chosen by the scheduler (enum scx_exit_code).

/** SCX_ECODE_ACT_RESTART | SCX_ECODE_RSN_HOTPLUG: what a hotplug exit carries. */
export const ECODE_HOTPLUG = 0x0001_0001_0000_0000n;
/** SCX_ECODE_RSN_CGROUP_OFFLINE. */
export const ECODE_CGROUP_OFFLINE = 0x0000_0002_0000_0000n;

const ACTIONS: Readonly<Record<string, string>> = { '1': 'RESTART' };
const REASONS: Readonly<Record<string, string>> = { '1': 'HOTPLUG', '2': 'CGROUP_OFFLINE' };

export interface ExitCode {
  /** `RESTART`, '' for none, `0x…` for one that is not known. */
  readonly action: string;
  /** `HOTPLUG`, `CGROUP_OFFLINE`, '' for none. */
  readonly reason: string;
  /** Low 32 bits, signed. */
  readonly user: number;
}

/** Takes a 64-bit exit code apart. */
export function decodeExitCode(code: bigint): ExitCode {
  const bits = BigInt.asUintN(64, code);
  const part = (value: bigint, names: Readonly<Record<string, string>>): string =>
    value === 0n ? '' : (names[value.toString()] ?? `0x${value.toString(16)}`);
  return {
    action: part(bits >> 48n, ACTIONS),
    reason: part((bits >> 32n) & 0xffffn, REASONS),
    user: Number(BigInt.asIntN(32, bits)),
  };
}

/** `RESTART | HOTPLUG`, `7`, `RESTART | HOTPLUG | 7`; `0` when nothing is set. */
export function formatExitCode(code: bigint): string {
  const { action, reason, user } = decodeExitCode(code);
  const parts = [action, reason, user === 0 ? '' : String(user)].filter((text) => text !== '');
  return parts.length === 0 ? '0' : parts.join(' | ');
}
