// Error sites of the core: which check raises which message, by release. One row a site; rules and model refer to it by id.
import { EXIT_KIND } from './exit.ts';
import { isAtLeast, type Release } from './release.ts';

export interface ErrorSite {
  /** Kebab-case id, also the id of the rule about it. */
  readonly id: string;
  /** printf format of the message. */
  readonly format: string;
  /** Older texts: valid up to and including a release, oldest first. */
  readonly older?: readonly { readonly until: Release; readonly format: string }[];
  readonly fn: string;
  readonly kind: number;
  readonly since: Release;
  readonly until?: Release;
}

const site = (id: string, format: string, fn: string, since: Release, extra: Partial<ErrorSite> = {}): ErrorSite => ({
  id,
  format,
  fn,
  since,
  kind: EXIT_KIND.ERROR,
  ...extra,
});

export const ERROR_SITES: readonly ErrorSite[] = [
  site(
    'dispatch-disallowed-cpu',
    'SCX_DSQ_LOCAL[_ON] target CPU %d not allowed for %s[%d]',
    'task_can_run_on_remote_rq',
    '6.12',
    {
      older: [{ until: '6.13', format: 'SCX_DSQ_LOCAL[_ON] verdict target cpu %d not allowed for %s[%d]' }],
    },
  ),
  site(
    'dispatch-migration-disabled',
    'SCX_DSQ_LOCAL[_ON] cannot move migration disabled %s[%d] from CPU %d to %d',
    'task_can_run_on_remote_rq',
    '6.14',
  ),
  site('dsq-nonexistent', 'non-existent DSQ 0x%llx', 'find_dsq_for_dispatch', '6.12', {
    older: [{ until: '7.0', format: 'non-existent DSQ 0x%llx for %s[%d]' }],
  }),
  site('dispatch-invalid-cpu', 'invalid CPU %d in SCX_DSQ_LOCAL_ON dispatch verdict', 'find_dsq_for_dispatch', '6.12'),
  site('vtime-on-builtin-dsq', 'cannot use vtime ordering for built-in DSQs', 'scx_dispatch_enqueue', '6.12'),
  site('dsq-vtime-into-fifo', 'DSQ ID 0x%016llx already had FIFO-enqueued tasks', 'scx_dispatch_enqueue', '6.12'),
  site('dsq-fifo-into-vtime', 'DSQ ID 0x%016llx already had PRIQ-enqueued tasks', 'scx_dispatch_enqueue', '6.12'),
  site('direct-dispatch-twice', '%s[%d] already direct-dispatched', 'mark_direct_dispatch', '6.12'),
  site(
    'direct-dispatch-wrong-task',
    'scheduling for %s[%d] but trying to direct-dispatch %s[%d]',
    'mark_direct_dispatch',
    '6.12',
  ),
  site('dispatch-buffer-overflow', 'dispatch buffer overflow', 'scx_dsq_insert_commit', '6.12'),
  site('dsq-destroy-busy', 'attempting to destroy in-use dsq 0x%016llx (nr=%u)', 'destroy_dsq', '6.12'),
  site('runnable-stall', '%s[%d] failed to run for %u.%03us', 'check_rq_for_timeouts', '6.12', {
    kind: EXIT_KIND.ERROR_STALL,
  }),
];

const BY_ID: ReadonlyMap<string, ErrorSite> = new Map(ERROR_SITES.map((entry) => [entry.id, entry]));

export function errorSite(id: string): ErrorSite {
  const entry = BY_ID.get(id);
  if (entry === undefined) throw new RangeError(`unknown error site ${id}`);
  return entry;
}

/** The format that a release uses at a site. */
export function formatAt(entry: ErrorSite, release: Release): string {
  return entry.older?.find((old) => isAtLeast(old.until, release))?.format ?? entry.format;
}

/** Fills the conversions of a kernel format that the error sites use. Arguments are taken in order, as they print. */
export function formatKernel(format: string, args: readonly (string | number)[]): string {
  let next = 0;
  return format.replace(/%(?:0?\d*)(?:ll|l)?[sdux]|%%/g, (conversion) => {
    if (conversion === '%%') return '%';
    const arg = args[next++];
    if (arg === undefined) return conversion;
    const width = /^%0(\d+)/.exec(conversion)?.[1];
    const text = typeof arg === 'number' && conversion.endsWith('x') ? arg.toString(16) : String(arg);
    return width === undefined ? text : text.padStart(Number(width), '0');
  });
}
