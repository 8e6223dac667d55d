// What commands get from the outside: streams, environment, and how they say what went wrong.
import type { Worker } from 'node:worker_threads';
import { InputError, notWritable, OutputError, printable, UsageError } from '../errors.ts';
import { EXIT } from '../findings/verdict.ts';

export interface CommandContext {
  readonly stdout: { readonly isTTY: boolean; write(text: string): void };
  readonly stderr: { readonly isTTY: boolean; write(text: string): void };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Command and first arguments that run this program again; undefined where it is used as a library. */
  readonly program?: readonly string[];
  /** A new thread for reading a long trace ahead (reader-thread.ts); undefined where there is none. */
  readonly readerThread?: () => Worker;
}

/** Prints an error for people and returns its exit code. Errors that are not ours are not swallowed. */
export function reportError(context: CommandContext, error: unknown): number {
  if (error instanceof InputError) {
    context.stderr.write(`scx-check: ${error.describe()}\n`);
    return EXIT.noVerdict;
  }
  if (error instanceof UsageError || error instanceof OutputError) {
    context.stderr.write(`scx-check: ${printable(error.message)}\n`);
    return EXIT.usage;
  }
  // What commands write by themselves: baselines, expectations, scripts.
  if (error instanceof Error && 'path' in error && typeof error.path === 'string') {
    const cause = notWritable(error.path, error);
    if (cause !== error) return reportError(context, cause);
  }
  throw error;
}
