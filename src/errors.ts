// The two kinds of errors a user meets: input that cannot be used, and a command line or configuration that is wrong.

/** Stable codes of input errors; documented in docs/errors.md. */
export type InputErrorCode =
  | 'not-readable'
  | 'empty'
  | 'unknown-format'
  | 'bad-compression'
  | 'truncated'
  | 'damaged'
  | 'unsupported'
  | 'bad-json'
  | 'bad-csv'
  | 'bad-header'
  | 'bad-event'
  | 'unknown-event-type'
  | 'unsorted'
  | 'bad-snapshot'
  | 'not-in-trace'
  | 'no-finding'
  | 'no-dump';

export interface InputErrorDetails {
  readonly code: InputErrorCode;
  /** Path as the user gave it, `-` for standard input. */
  readonly path: string;
  /** Place in the input, spelled for people: `line 12, column 3`, `byte 40960 (CPU 1, record 17)`. */
  readonly position?: string;
  readonly expected?: string;
  readonly found?: string;
  /** What the user can do about it. */
  readonly hint?: string;
}

/** The text on one line: what an input holds must not reach a terminal as it is. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (char) => {
    const code = char.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
  });
}

/** Input that cannot be read or makes no sense. Leads to exit code 125. */
export class InputError extends Error {
  readonly details: InputErrorDetails;

  constructor(details: InputErrorDetails, what: string) {
    super(what);
    this.name = 'InputError';
    this.details = details;
  }

  /** `path: position: what: expected X, found Y; hint` on one line. */
  describe(): string {
    const { path, position, expected, found, hint, code } = this.details;
    const place = position === undefined ? path : `${path}: ${position}`;
    const facts = [
      ...(expected === undefined ? [] : [`expected ${expected}`]),
      ...(found === undefined ? [] : [`found ${found}`]),
    ].join(', ');
    return printable(
      `${place}: ${this.message}${facts === '' ? '' : `: ${facts}`} [${code}]${hint === undefined ? '' : `; ${hint}`}`,
    );
  }
}

/** A wrong command line or configuration. Leads to exit code 129. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** A file or device that cannot be written. Leads to exit code 129: it was named, or connected, by the user. */
export class OutputError extends Error {
  constructor(path: string, reason: string) {
    super(`${path}: cannot write: ${reason}`);
    this.name = 'OutputError';
  }
}

/** Words for the codes of the system. */
const SYSTEM_REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such folder',
  ENOTDIR: 'no such folder',
  EACCES: 'no permission',
  EPERM: 'no permission',
  EROFS: 'the file system is read-only',
  EISDIR: 'is a directory',
  ENOSPC: 'no space left on the device',
  EDQUOT: 'the quota is used up',
  EFBIG: 'the file would be too large',
  ETXTBSY: 'it is being executed',
};

/** The error of a system call on a file to be written, in words; anything else as it is. */
export function notWritable(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return error;
  return new OutputError(path, SYSTEM_REASONS[String(error.code)] ?? error.message);
}

/** An input error whose cause is worked out only when somebody asks: explaining needs code that is loaded late. */
export class DeferredInputError extends InputError {
  readonly explain: () => Promise<InputError>;

  constructor(details: InputErrorDetails, explain: () => Promise<InputError>) {
    super(details, 'the event cannot be read');
    this.explain = explain;
  }
}

/** The error itself, explained where that was deferred. */
export async function explained(error: unknown): Promise<unknown> {
  return error instanceof DeferredInputError ? error.explain() : error;
}
