// Entry of the program: connects the command line to the process, the only place that sets its exit code.
import { fstatSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { loadWithCodeCache, saveCodeCache } from './code-cache.ts';
import type { CommandContext } from './commands/context.ts';

/** The chunk with all that a replay needs. It is to be loaded with its code cache, so this file imports nothing of it. */
const PROGRAM = join(import.meta.dirname, 'program.cjs');

/** Traces of this size, in bytes, are read by a thread of their own, whatever they are. */
const LONG = 64 * 1024 * 1024;

/** `EXIT.internal`, which is out of reach when the program cannot be loaded. */
const INTERNAL_ERROR = 134;

/** Runs the program for the arguments of the process. */
export async function start(): Promise<void> {
  try {
    const args = process.argv.slice(2);
    // Both take some time: the thread starts while the program is loaded.
    let thread = readsLongFile(args) ? newReaderThread() : undefined;
    loadWithCodeCache(PROGRAM);
    const { main } = await import('./cli.ts');
    process.exitCode = await main(args, {
      stdout: outlet(1),
      stderr: outlet(2),
      env: process.env,
      readerThread: () => {
        const started = thread ?? newReaderThread();
        thread = undefined;
        return started;
      },
      program: [process.execPath, ...process.execArgv, process.argv[1] ?? ''],
    });
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(
      `scx-check: internal error, please report it with the command and, if you can, the trace:\n${text}\n`,
    );
    process.exitCode = INTERNAL_ERROR;
  }
}

/** Will the command want the thread that reads? Where it is wrong, the thread starts in vain, or a little later. */
function readsLongFile([command, ...args]: readonly string[]): boolean {
  return command === 'replay' && args.some((arg) => sizeOf(arg) >= LONG);
}

/** Bytes of the file with that name; 0 for what is none, or can't be looked at: the command will say why. */
function sizeOf(name: string): number {
  try {
    return statSync(name, { throwIfNoEntry: false })?.size ?? 0;
  } catch {
    return 0;
  }
}

/** Starts a thread that reads a trace for this one (reader-thread.ts), as soon as it is told which. */
function newReaderThread(): Worker {
  // Loaded here, because few commands need it.
  const { Worker } = process.getBuiltinModule('node:worker_threads');
  const thread = new Worker(join(import.meta.dirname, 'reader-thread.cjs'));
  thread.unref();
  return thread;
}

/** Runs command lines, and keeps what was compiled for them: they will start faster. What they print is lost. */
export async function writeCodeCache(commands: readonly (readonly string[])[]): Promise<void> {
  await saveCodeCache(PROGRAM, async () => {
    const { main } = await import('./cli.ts');
    const nowhere = { isTTY: false, write: () => {} };
    for (const command of commands) await main(command, { stdout: nowhere, stderr: nowhere, env: {} });
  });
}

/** A stream of the process, made when it is written to: to make it takes longer than to replay a small trace. */
function outlet(fd: 1 | 2): CommandContext['stdout'] {
  let stream: NodeJS.WriteStream | undefined;
  const open = (): NodeJS.WriteStream => {
    if (stream === undefined) {
      stream = fd === 1 ? process.stdout : process.stderr;
      stream.on('error', ignoreClosedPipe);
    }
    return stream;
  };
  let isTTY: boolean | undefined;
  return {
    get isTTY() {
      isTTY ??= mayBeTerminal(fd) && open().isTTY === true;
      return isTTY;
    },
    write: (text) => {
      open().write(text);
    },
  };
}

/** Pipes, files and /dev/null are no terminals; of other devices only the stream knows. */
function mayBeTerminal(fd: number): boolean {
  const stat = fstatSync(fd);
  return stat.isCharacterDevice() && stat.rdev !== statSync('/dev/null', { throwIfNoEntry: false })?.rdev;
}

/** A reader that goes away (`| head`) is not an error. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
