// One error or exit site of the core: which check raises which message, by release.
import { EXIT_KIND } from './exit.ts';
import type { Release } from './release.ts';

/**
 * How far a trace can show the cause: `P` predictable from it; `M` it depends on state that is only partly visible;
 * `C` decided by configuration or by arguments of calls that are rarely recorded; `T` recognised by its text only.
 */
export type Observability = 'P' | 'M' | 'C' | 'T';

export interface ErrorSite {
  /** Kebab-case id, also the id of the rule about it. */
  readonly id: string;
  /** printf format of the message; '' when the exit has none. */
  readonly format: string;
  /** Older texts: valid up to and including a release, oldest first. */
  readonly older?: readonly { readonly until: Release; readonly format: string }[];
  readonly fn: string;
  readonly kind: number;
  readonly since: Release;
  readonly until?: Release;
  readonly observability: Observability;
  /** When the kernel raises it, in one sentence. */
  readonly meaning: string;
}

type Extra = Partial<Pick<ErrorSite, 'older' | 'kind' | 'until'>>;

/** An entry of the table; a runtime error unless `extra` says otherwise. */
export function site(
  observability: Observability,
  since: Release,
  id: string,
  format: string,
  fn: string,
  meaning: string,
  extra: Extra = {},
): ErrorSite {
  return { id, format, fn, since, observability, meaning, kind: EXIT_KIND.ERROR, ...extra };
}
