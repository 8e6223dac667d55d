// Version of the program, from its package.
import { existsSync, readFileSync } from 'node:fs';

/** The program is one level below its package when run from source, one or two when bundled. */
const manifestUrl = ['../package.json', '../../package.json']
  .map((path) => new URL(path, import.meta.url))
  .find((url) => existsSync(url));
const manifest: unknown = manifestUrl === undefined ? {} : JSON.parse(readFileSync(manifestUrl, 'utf8'));

export const VERSION: string =
  typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : '0.0.0';
