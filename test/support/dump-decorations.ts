// What happens to a dump between the kernel and a bug report: loggers, terminals, mailers, pages.

export type Decorate = (text: string) => string;

const linesOf = (text: string): string[] => text.replace(/\n$/, '').split('\n');
const textOf = (lines: readonly string[]): string => `${lines.join('\n')}\n`;
const each =
  (change: (line: string, i: number) => string): Decorate =>
  (text) =>
    textOf(linesOf(text).map(change));

const clock = (i: number): string =>
  `${String(59 + Math.floor(i / 7)).padStart(5)}.${String((i * 104729) % 1000000).padStart(6, '0')}`;
const second = (i: number): string => String(12 + Math.floor(i / 9)).padStart(2, '0');

/** Beginnings of lines, by the logger that makes them. */
export const PREFIXES: Readonly<Record<string, (i: number) => string>> = {
  syslog: (i) => `Jul 13 00:36:${second(i)} cachyos bash[8799]: `,
  polish: (i) => `paź 10 11:51:${second(i)} cachyos scx_loader[722]: `,
  chinese: (i) => `11月 20 10:58:${second(i)} 主机 scx[12]: `,
  iso: (i) => `2025-01-17T22:24:${second(i)}+0300 dx bash[9148]: `,
  'iso-precise': (i) =>
    `2026-03-01T22:24:${second(i)}.${String(i * 7919).padStart(6, '0')}+01:00 host-2 scx_lavd[77]: `,
  unix: (i) => `17372${i}.123456 host scx_rusty[3]: `,
  'with-unit': (i) => `Mon 2025-01-20 12:00:${second(i)} CET host scx.service[311]: `,
  dmesg: (i) => `[${clock(i)}] `,
  'dmesg-caller': (i) => `[${clock(i)}][    T41] `,
  'dmesg-date': (i) => `[Mon Jan 20 12:00:${second(i)} 2025] `,
  printk: (i) => `<3>[${clock(i)}] `,
  monotonic: (i) => `[${clock(i)}] host bash[8799]: `,
  ftrace: (i) => `   kworker/u16:1-41      [003] ${i % 3 === 0 ? 'd..2.' : 'dNh1.'} ${clock(i)}: sched_ext_dump: `,
  'trace-cmd': (i) => `   kworker/u16:1-41    [003]   ${clock(i)}: sched_ext_dump:       `,
  perf: (i) => `swapper     0 [002] ${clock(i)}: sched_ext:sched_ext_dump: `,
  printk_bpf: (i) => `          <...>-41      [003] d..2. ${clock(i)}: bpf_trace_printk: `,
  container: (i) => `2025-01-17T22:24:${second(i)}.000Z stderr F `,
  pipe: () => 'scx-1  | ',
};

export const prefixed = (name: string): Decorate => {
  const prefix = PREFIXES[name];
  if (prefix === undefined) throw new RangeError(name);
  return each((line, i) => `${prefix(i)}${line}`.trimEnd());
};

export const crlf: Decorate = (text) => text.replaceAll('\n', '\r\n');
export const reversed: Decorate = (text) => textOf(linesOf(text).toReversed());
export const withoutBlankLines: Decorate = (text) => textOf(linesOf(text).filter((line) => line.trim() !== ''));
export const withoutIndentation: Decorate = each((line) => line.trimStart());
export const indented = (by: string): Decorate => each((line) => (line === '' ? line : `${by}${line}`));
export const trailingBlanks: Decorate = each((line) => line.padEnd(120));
export const quoted: Decorate = each((line) => `> ${line}`);
export const twiceQuoted: Decorate = each((line) => `>> ${line}`.trimEnd());
export const fenced: Decorate = (text) => `Here it is:\n\n\`\`\`log\n${text}\`\`\`\nThanks!\n`;
export const tabbed: Decorate = each((line) => line.replace(/^( {8})+/, (blanks) => '\t'.repeat(blanks.length / 8)));
export const coloured: Decorate = each((line) => `\u001b[1;31m${line}\u001b[0m`);
export const nonBreaking: Decorate = each((line) => line.replace(/^ +/, (blanks) => '\u00a0'.repeat(blanks.length)));

export const htmlEscaped: Decorate = (text) =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');

/** Broken at blanks, as mailers do. */
export const wrappedAt =
  (width: number): Decorate =>
  (text) =>
    textOf(
      linesOf(text).flatMap((line) => {
        const pieces: string[] = [];
        let rest = line;
        while (rest.length > width) {
          const blank = rest.lastIndexOf(' ', width);
          if (rest.slice(0, Math.max(blank, 0)).trim() === '') break;
          pieces.push(rest.slice(0, blank));
          rest = rest.slice(blank + 1);
        }
        return [...pieces, rest];
      }),
    );

/** Broken at a column, as terminals do. */
export const brokenAt =
  (width: number): Decorate =>
  (text) =>
    textOf(linesOf(text).flatMap((line) => line.match(new RegExp(`.{1,${width}}`, 'gs')) ?? ['']));

/** Lines of other processes in between. */
export const interleaved =
  (stranger: (i: number) => string): Decorate =>
  (text) =>
    textOf(linesOf(text).flatMap((line, i) => (i % 5 === 3 ? [stranger(i), line] : [line])));

export const all =
  (...steps: readonly Decorate[]): Decorate =>
  (text) =>
    steps.reduce((result, step) => step(result), text);
