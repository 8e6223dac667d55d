// Colours for terminals; nothing at all where there is no terminal or NO_COLOR asks for plain text.
import { Chalk, type ChalkInstance } from 'chalk';

export interface StyleOptions {
  /** The output is a terminal. */
  readonly isTerminal: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Names say what a style is for, not how it looks. */
export interface Style {
  readonly violation: (text: string) => string;
  readonly possible: (text: string) => string;
  readonly pass: (text: string) => string;
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly mark: (text: string) => string;
}

export function makeStyle({ isTerminal, env }: StyleOptions): Style {
  const plain = !isTerminal || (env.NO_COLOR !== undefined && env.NO_COLOR !== '') || env.TERM === 'dumb';
  const chalk: ChalkInstance = new Chalk({ level: plain ? 0 : 1 });
  return {
    violation: chalk.red.bold,
    possible: chalk.yellow,
    pass: chalk.green,
    strong: chalk.bold,
    faint: chalk.dim,
    mark: chalk.cyan,
  };
}

export const PLAIN: Style = makeStyle({ isTerminal: false, env: {} });
