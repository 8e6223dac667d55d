// The code cache: what V8 compiled of the program when the package was built, so that a start does not compile it again.
import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createRequire, Module } from 'node:module';
import { dirname } from 'node:path';
import { Script } from 'node:vm';

type Wrapped = (exports: unknown, require: NodeJS.Require, module: Module, file: string, folder: string) => void;

/**
 * Loads the CommonJS module `file` (absolute, without links) with its code cache, so that every later `require` finds it
 * loaded. Without a cache for just this Node and this text nothing happens: `require` then does what it always does.
 *
 * Nothing is ever written here. Node's own cache (`module.enableCompileCache`) lies in a folder for temporary files, from
 * which a program that records as root must not take code.
 */
export function loadWithCodeCache(file: string): void {
  const cachedData = readCodeCache(file);
  if (cachedData !== undefined) load(file, cachedData);
}

/** Loads the CommonJS module `file`, lets it do what it is for, and keeps all that was compiled meanwhile as its code cache. */
export async function saveCodeCache(file: string, use: () => Promise<unknown>): Promise<void> {
  const script = load(file, undefined);
  await use();
  const path = codeCacheOf(file);
  // In one step: V8 trusts what it reads.
  writeFileSync(`${path}.new`, script.createCachedData());
  renameSync(`${path}.new`, path);
}

/** Compiled code is for one release of Node on one architecture; V8 compares its own version and flags besides. */
function codeCacheOf(file: string): string {
  return `${file}.${process.version}-${process.arch}.cache`;
}

/** Files of one package are written in any order, but within this time. */
const SAME_TIME_MS = 60_000;

/** The cache, unless the module was changed since: V8 compares texts only by their length. */
function readCodeCache(file: string): Buffer | undefined {
  const path = codeCacheOf(file);
  try {
    const cache = statSync(path, { throwIfNoEntry: false });
    if (cache === undefined || cache.mtimeMs + SAME_TIME_MS < statSync(file).mtimeMs) return undefined;
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

function load(file: string, cachedData: Buffer | undefined): Script {
  // The bundle is plain ASCII, for which V8 needs half the memory.
  const text = readFileSync(file, 'latin1');
  const script = new Script(`(function (exports, require, module, __filename, __dirname) { ${text}\n})`, {
    filename: file,
    cachedData,
  });
  const require = createRequire(file);
  const module = new Module(file);
  module.filename = file;
  require.cache[file] = module;
  const wrapped = script.runInThisContext() as Wrapped;
  wrapped(module.exports, require, module, file, dirname(file));
  module.loaded = true;
  return script;
}
