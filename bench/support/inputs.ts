// What the benchmarks read: recordings of a directory that the user names, otherwise those that the project ships.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of the project: the nearest one with a package.json above the bundle. */
export const PROJECT = projectAbove(dirname(fileURLToPath(import.meta.url)));

function projectAbove(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : projectAbove(dirname(folder));
}

/** Paths of all recordings, the largest first. */
export function recordings(): readonly string[] {
  const named = process.env.SCX_CHECK_RECORDINGS;
  const folder = named ?? join(PROJECT, 'fixtures', 'recordings');
  const paths = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  return paths
    .map((path) => (statSync(path).isDirectory() ? join(path, 'trace.dat') : path))
    .filter((path) => /\.dat(\.(xz|gz|zst))?$/.test(path) && existsSync(path))
    .toSorted((a, b) => statSync(b).size - statSync(a).size);
}
