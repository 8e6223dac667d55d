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
    return `${place}: ${this.message}${facts === '' ? '' : `: ${facts}`} [${code}]${hint === undefined ? '' : `; ${hint}`}`;
  }
}

/** A wrong command line or configuration. Leads to exit code 129. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
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
