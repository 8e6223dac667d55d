// A text as lines, rid of what has nothing to do with its contents: line ends, colours, non-breaking blanks.

/** Longer lines are cut for recognition: the kernel cuts its own at 1023 characters. */
export const MAX_LINE = 8192;

export interface TextLine {
  /** Number in the input, from 1. */
  readonly n: number;
  readonly text: string;
  /** The input ends inside this line, or may: no line end follows. */
  readonly open: boolean;
}

const ESC = String.fromCharCode(27);
const COLOURS_AT_START = new RegExp(`^(?:${ESC}\\[[\\d;]*[mK])+`);
const COLOURS_AT_END = new RegExp(`(?:${ESC}\\[[\\d;]*[mK])+$`);

/** Splits a text at line ends (LF, CRLF). The empty string behind the last line end is no line. */
export function splitLines(text: string): TextLine[] {
  const lines: TextLine[] = [];
  for (let from = text.startsWith('\uFEFF') ? 1 : 0; from < text.length; ) {
    const end = text.indexOf('\n', from);
    const to = end < 0 ? text.length : end;
    lines.push({ n: lines.length + 1, text: clean(text.slice(from, to)), open: end < 0 });
    from = to + 1;
  }
  return lines;
}

function clean(line: string): string {
  let text = line.length > MAX_LINE ? line.slice(0, MAX_LINE) : line;
  if (text.endsWith('\r')) text = text.slice(0, -1);
  if (text.includes(ESC)) text = text.replace(COLOURS_AT_START, '').replace(COLOURS_AT_END, '');
  if (text.includes('\u00a0')) text = text.replaceAll('\u00a0', ' ');
  return text;
}
