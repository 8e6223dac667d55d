// Colours for terminals; nothing at all where there is no terminal or NO_COLOR asks for plain text.

export interface StyleOptions {
  /** The output is a terminal. */
  readonly isTerminal: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

type Paint = (text: string) => string;

/** Names say what a style is for, not how it looks. */
export interface Style {
  readonly violation: Paint;
  readonly possible: Paint;
  readonly pass: Paint;
  readonly strong: Paint;
  readonly faint: Paint;
  readonly mark: Paint;
}

export const PLAIN: Style = {
  violation: asItIs,
  possible: asItIs,
  pass: asItIs,
  strong: asItIs,
  faint: asItIs,
  mark: asItIs,
};

/** Select Graphic Rendition (ECMA-48): red and bold, yellow, green, bold, faint, cyan. */
const COLOURED: Style = {
  violation: painted('\u001b[31m\u001b[1m', '\u001b[22m\u001b[39m'),
  possible: painted('\u001b[33m', '\u001b[39m'),
  pass: painted('\u001b[32m', '\u001b[39m'),
  strong: painted('\u001b[1m', '\u001b[22m'),
  faint: painted('\u001b[2m', '\u001b[22m'),
  mark: painted('\u001b[36m', '\u001b[39m'),
};

export function makeStyle({ isTerminal, env }: StyleOptions): Style {
  const plain = !isTerminal || (env.NO_COLOR !== undefined && env.NO_COLOR !== '') || env.TERM === 'dumb';
  return plain ? PLAIN : COLOURED;
}

function asItIs(text: string): string {
  return text;
}

/** Each line by itself: pagers and logs begin every line plain. */
function painted(on: string, off: string): Paint {
  return (text) => (text === '' ? '' : `${on}${text.replaceAll('\n', `${off}\n${on}`)}${off}`);
}
