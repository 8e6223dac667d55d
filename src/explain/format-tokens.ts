// A printf format of the kernel as its pieces, and how much of a text can have been made from it.

export interface Conversion {
  /** As it stands in the format: `%016llx`. */
  readonly text: string;
  /** `s`, `d`, `u`, `x`, `p`, `b` for a CPU list. */
  readonly letter: string;
}

/** Literal text and conversions in turn; the literal before each conversion may be empty. */
export interface FormatTokens {
  /** One more than conversions. */
  readonly literals: readonly string[];
  readonly conversions: readonly Conversion[];
}

const CONVERSION = /%%|%\*pbl|%0?\d*(?:ll|l)?([sdiuxp])/g;

export function tokenize(format: string): FormatTokens {
  const literals: string[] = [''];
  const conversions: Conversion[] = [];
  let from = 0;
  for (const match of format.matchAll(CONVERSION)) {
    const [text, letter] = match;
    const literal = format.slice(from, match.index);
    literals[literals.length - 1] += text === '%%' ? `${literal}%` : literal;
    from = match.index + text.length;
    if (text === '%%') continue;
    conversions.push({ text, letter: letter ?? 'b' });
    literals.push('');
  }
  literals[literals.length - 1] += format.slice(from);
  return { literals, conversions };
}

/** Number of characters of a format that are no conversions: how much a match says. */
export function literalLength({ literals }: FormatTokens): number {
  return literals.reduce((sum, literal) => sum + literal.length, 0);
}

const ARGUMENT: Readonly<Record<string, RegExp>> = {
  d: /^-?\d*/,
  i: /^-?\d*/,
  u: /^\d*/,
  x: /^[0-9a-f]*/,
  p: /^\S*/,
  b: /^[\d,-]*/,
};

export interface PrefixMatch {
  /** Characters of literals that the text has. */
  readonly literal: number;
  /** Arguments that are complete: the next literal follows them. */
  readonly args: readonly string[];
}

/** The text is the beginning of one made from the format; undefined when it is not, or when it is all of it. */
export function matchPrefix({ literals, conversions }: FormatTokens, text: string): PrefixMatch | undefined {
  let at = 0;
  let literal = 0;
  const args: string[] = [];
  for (const [i, words] of literals.entries()) {
    const rest = text.slice(at);
    if (rest.length <= words.length && words.startsWith(rest)) return { literal: literal + rest.length, args };
    if (!rest.startsWith(words)) return undefined;
    at += words.length;
    literal += words.length;
    const conversion = conversions[i];
    if (conversion === undefined) return undefined;
    const length = argumentLength(conversion, literals[i + 1] ?? '', text.slice(at));
    if (length < 0) return undefined;
    if (at + length === text.length) return { literal, args };
    args.push(text.slice(at, at + length));
    at += length;
  }
  return undefined;
}

/** Length of an argument before the next literal; all of the text when that does not come. */
function argumentLength({ letter }: Conversion, next: string, text: string): number {
  if (letter !== 's') return ARGUMENT[letter]?.exec(text)?.[0].length ?? -1;
  const at = next === '' ? -1 : text.indexOf(next);
  return at < 0 ? text.length : at;
}
