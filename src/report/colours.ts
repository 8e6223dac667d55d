// The colours of the styles.
import { Chalk } from 'chalk';
import type { Style } from './style.ts';

// Whether there is a terminal that shows them was decided before.
const chalk = new Chalk({ level: 1 });

export const COLOURED: Style = {
  violation: chalk.red.bold,
  possible: chalk.yellow,
  pass: chalk.green,
  strong: chalk.bold,
  faint: chalk.dim,
  mark: chalk.cyan,
};
