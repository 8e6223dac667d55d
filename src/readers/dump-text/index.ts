// Recognises a debug dump of sched_ext, which is no trace, and says where it belongs.
import { InputError } from '../../errors.ts';
import { defineReader } from '../reader.ts';

const LOOKED_AT = 16 * 1024;

/** Lines that only a dump has. Log prefixes may stand in front of them. */
const SIGNS: readonly RegExp[] = [
  /^.*DEBUG DUMP\s*$/m,
  /\[-?\d+\] triggered exit kind \d+(?: on CPU -?\d+)?:\s*$/m,
  /^.*Debug dump triggered by SysRq-D/m,
  /^.*CPU \d+\s*: nr_run=\d+ flags=0x[0-9a-f]+/m,
  /^\s*EXIT: (?:unregistered from |disabled by sysrq-S|parent exiting|killed by parent|runtime error|scx_bpf_error|runnable task stall|reenqueue limit|rescue bandwidth overload)/m,
];

export function looksLikeDump(head: Uint8Array): boolean {
  const text = new TextDecoder().decode(head.subarray(0, LOOKED_AT));
  if (text.includes('\0')) return false;
  return SIGNS.some((sign) => sign.test(text));
}

export const dumpText = defineReader({
  id: 'dump',
  title: 'debug dump of sched_ext (no trace)',
  sniff: (head) => (looksLikeDump(head) ? 0.6 : 0),
  open: (source) =>
    Promise.reject(
      new InputError(
        {
          code: 'unsupported',
          path: source.path,
          expected: 'a trace',
          found: 'a debug dump of sched_ext: the state of one moment, without the events that led to it',
          hint: `scx-check dump ${source.path} explains it`,
        },
        'this is a debug dump',
      ),
    ),
});
