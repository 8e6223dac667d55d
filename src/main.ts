// Entry of the program: connects the command line to the process, the only place that sets its exit code.
import { main } from './cli.ts';
import { EXIT } from './findings/verdict.ts';

process.stdout.on('error', ignoreClosedPipe);
process.stderr.on('error', ignoreClosedPipe);

try {
  process.exitCode = await main(process.argv.slice(2), {
    stdout: { isTTY: process.stdout.isTTY === true, write: (text) => process.stdout.write(text) },
    stderr: { isTTY: process.stderr.isTTY === true, write: (text) => process.stderr.write(text) },
    env: process.env,
    readerThread: new URL('./reader-thread.js', import.meta.url),
    program: [process.execPath, ...process.execArgv, process.argv[1] ?? ''],
  });
} catch (error) {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(
    `scx-check: internal error, please report it with the command and, if you can, the trace:\n${text}\n`,
  );
  process.exitCode = EXIT.internal;
}

/** A reader that goes away (`| head`) is not an error. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
