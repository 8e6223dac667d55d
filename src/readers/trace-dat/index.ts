// Reader for trace.dat files of trace-cmd: recognises them, and loads the rest when it is needed.
import { defineReader } from '../reader.ts';

const MAGIC = [0x17, 0x08, 0x44, 0x74, 0x72, 0x61, 0x63, 0x69, 0x6e, 0x67];

export const traceDat = defineReader({
  id: 'trace-dat',
  title: 'trace.dat of trace-cmd, versions 6 and 7',
  sniff: (head) => (MAGIC.every((byte, i) => head[i] === byte) ? 1 : 0),
  // A million events: before that, compiling the program takes both cores.
  longFrom: 64 * 1024 * 1024,
  open: async (source, options) => (await import('./dat-trace.ts')).openTraceDat(source, options),
});
