// Which files of a directory are traces: recordings, and canonical traces beside snapshots and expectations.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Paths of all traces below a directory; a file is the only one. Undefined: none. */
export function tracesOf(root: string | undefined): string[] {
  if (root === undefined) return [];
  if (statSync(root).isFile()) return [root];
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((name) => join(root, name))
    .filter((path) => /(\.jsonl|\.dat|\.dat\.xz)$/.test(path) || (path.endsWith('.json') && isTrace(path)));
}

/** Beside recordings lie snapshots and expectations, which are JSON as well. */
function isTrace(path: string): boolean {
  return readFileSync(path, 'utf8').slice(0, 200).includes('"scx-trace@');
}
