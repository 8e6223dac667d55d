// Replays one recording for a bisection, with all rules: what else is wrong with it matters, too.
import type { ReplayResult } from '../findings/result.ts';
import { openInput } from '../input/open.ts';
import type { KernelVersion } from '../kernel/release.ts';
import { openTrace } from '../readers/index.ts';
import { runReplay } from '../replay/run.ts';
import { RULES } from '../rules/index.ts';
import { loadDomain } from '../vtime/load-domain.ts';

export interface BisectReplayOptions {
  readonly kernel?: KernelVersion | undefined;
  /** Release whose answers are asked for. */
  readonly as?: KernelVersion | undefined;
  readonly snapshot?: string | undefined;
  /** Description and changes to it; absent: as the header says. */
  readonly domain?: { readonly name: string; readonly settings: readonly string[] } | undefined;
}

/** Damage is an InputError. */
export async function replayForBisect(path: string, options: BisectReplayOptions = {}): Promise<ReplayResult> {
  const { kernel, as, snapshot, domain } = options;
  const source = await openInput(path);
  try {
    const trace = await openTrace(source, snapshot === undefined ? {} : { snapshot });
    return runReplay(trace, {
      path,
      rules: RULES,
      domain: await loadDomain(domain?.name ?? trace.header.domain, domain?.settings ?? []),
      ...(kernel === undefined ? {} : { kernel }),
      ...(as === undefined ? {} : { as }),
    });
  } finally {
    source.close();
  }
}
