// Reader for the JSON of wprof, one object a line: recognises it, and loads the rest when it is needed.
import { defineReader } from '../reader.ts';

/** Members of the header line that no other format has together. */
const SIGNS = ['"timer_freq_hz"', '"capture_scx"', '"stack_cnt"'];

export const wprofJson = defineReader({
  id: 'wprof-json',
  title: 'JSON of wprof, one object a line',
  sniff(head) {
    const newline = head.indexOf(0x0a);
    const line = new TextDecoder().decode(newline < 0 ? head : head.subarray(0, newline)).trimStart();
    return line.startsWith('{') && SIGNS.every((sign) => line.includes(sign)) ? 0.9 : 0;
  },
  open: async (source, options) => (await import('./wprof-trace.ts')).openWprof(source, options),
});
