// Runs the examples of a documentation page: `console` blocks that begin with `$ scx-check …` and show its output.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCli } from './cli.ts';

const ROOT = join(import.meta.dirname, '../..');
const BLOCK = /^```console\n\$ scx-check ([^\n]*)\n([\s\S]*?)```$/gm;

/** The page with the output of each example as it is now. Paths in examples count from the top of the project. */
export async function renderExamples(page: string): Promise<string> {
  const text = readFileSync(join(ROOT, page), 'utf8');
  const before = process.cwd();
  process.chdir(ROOT);
  try {
    let result = '';
    let end = 0;
    for (const match of text.matchAll(BLOCK)) {
      const [block, command = ''] = match;
      const { output = '', stderr } = await runCli(splitWords(command));
      result += `${text.slice(end, match.index)}\`\`\`console\n$ scx-check ${command}\n${output}${stderr}\`\`\``;
      end = match.index + block.length;
    }
    return result + text.slice(end);
  } finally {
    process.chdir(before);
  }
}

/** Words of a command line; quotes keep blanks together. */
export function splitWords(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}
