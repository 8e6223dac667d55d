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

/** Colours are loaded only where they are shown. */
export async function makeStyle({ isTerminal, env }: StyleOptions): Promise<Style> {
  const plain = !isTerminal || (env.NO_COLOR !== undefined && env.NO_COLOR !== '') || env.TERM === 'dumb';
  return plain ? PLAIN : (await import('./colours.ts')).COLOURED;
}

function asItIs(text: string): string {
  return text;
}
