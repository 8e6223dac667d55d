// Beginnings that loggers put before each line: learned from lines whose contents are known, in any language and clock.

/** Stands for a run of digits in a shape. */
const DIGITS = '\u0001';
/** Longer beginnings are no logger's. */
const MAX_PREFIX = 256;
/** Shapes kept: a text holds a few, hostile lines could make many. */
const MAX_SHAPES = 32;

const isDigit = (code: number): boolean => code >= 48 && code <= 57;
const isBlank = (code: number): boolean => code === 32 || code === 9;

/**
 * The shape of a beginning: digits are any digits, blanks any blanks, everything else is itself. The number in a closing
 * `name[123]:` stays as it is, since it tells one process from another.
 */
export function shapeOf(prefix: string): string | undefined {
  const text = prefix.trimEnd();
  if (text.length > MAX_PREFIX) return undefined;
  const pid = /\[\d+\]:$/.exec(text);
  const literalFrom = pid === null ? text.length : pid.index;
  let shape = '';
  for (let i = 0; i < text.length; ) {
    const code = text.charCodeAt(i);
    if (i < literalFrom && isDigit(code)) {
      while (i < literalFrom && isDigit(text.charCodeAt(i))) i++;
      shape += DIGITS;
    } else if (isBlank(code)) {
      while (isBlank(text.charCodeAt(i))) i++;
      shape += ' ';
    } else {
      shape += text[i];
      i++;
    }
  }
  return shape;
}

/** Length of the beginning of `line` that has the shape; -1 when it has none. */
export function matchShape(line: string, shape: string): number {
  let i = 0;
  for (let k = 0; k < shape.length; k++) {
    const want = shape.charCodeAt(k);
    const from = i;
    if (want === 1) {
      while (isDigit(line.charCodeAt(i))) i++;
      if (i === from) return -1;
    } else if (want === 32) {
      while (isBlank(line.charCodeAt(i))) i++;
      // A shape may begin with blanks that pad a number or a name.
      if (i === from && k > 0) return -1;
    } else {
      if (line.charCodeAt(i) !== want) return -1;
      i++;
    }
  }
  return i;
}

/** The beginnings of lines that a text has, by how often lines of a dump have them. */
export class Prefixes {
  readonly #counts = new Map<string, number>();
  #shapes: string[] | undefined;

  /** A line whose contents begin at `at`. */
  learn(line: string, at: number): void {
    const shape = shapeOf(line.slice(0, at));
    if (shape === undefined) return;
    const count = this.#counts.get(shape);
    if (count === undefined && this.#counts.size >= MAX_SHAPES * 8) return;
    this.#counts.set(shape, (count ?? 0) + 1);
    this.#shapes = undefined;
  }

  get isEmpty(): boolean {
    return this.#counts.size === 0;
  }

  /** Shapes to try, longest first: every text also matches the empty one. */
  get shapes(): readonly string[] {
    this.#shapes ??= [...this.#counts]
      .sort((a, b) => b[1] - a[1])
      .slice(0, MAX_SHAPES)
      .map(([shape]) => shape)
      .sort((a, b) => b.length - a.length);
    return this.#shapes;
  }

  /** Where the contents of a line begin; -1 when the line has none of the beginnings that lines of dumps have. */
  contentAt(line: string): number {
    if (this.#counts.size === 0) return 0;
    for (const shape of this.shapes) {
      const at = matchShape(line, shape);
      if (at >= 0) return at;
    }
    return -1;
  }

  /** The line begins as the beginnings that are known, at least for their first half: a logger wrote it. */
  resembles(line: string): boolean {
    return this.shapes.some((shape) => shape.length > 3 && matchShape(line, shape.slice(0, shape.length >> 1)) >= 0);
  }

  /** Shapes for people, digits as 0. */
  describe(): string[] {
    return this.shapes.filter((shape) => shape.trim() !== '').map((shape) => shape.replaceAll(DIGITS, '0'));
  }
}
