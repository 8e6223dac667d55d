// What commands get from the outside: streams, environment, and how they say what went wrong.
import { InputError, UsageError } from '../errors.ts';
import { EXIT } from '../findings/verdict.ts';

export interface CommandContext {
  readonly stdout: { readonly isTTY: boolean; write(text: string): void };
  readonly stderr: { readonly isTTY: boolean; write(text: string): void };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Command and first arguments that run this program again; undefined where it is used as a library. */
  readonly program?: readonly string[];
}

/** Prints an error for people and returns its exit code. Errors that are not ours are not swallowed. */
export function reportError(context: CommandContext, error: unknown): number {
  if (error instanceof InputError) {
    context.stderr.write(`scx-check: ${error.describe()}\n`);
    return EXIT.noVerdict;
  }
  if (error instanceof UsageError) {
    context.stderr.write(`scx-check: ${error.message}\n`);
    return EXIT.usage;
  }
  throw error;
}
