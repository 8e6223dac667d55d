// Replays one recording for a bisection, with all rules unless told otherwise: what else is wrong with it matters, too.

import { UsageError } from '../errors.ts';
import type { ReplayResult } from '../findings/result.ts';
import { openInput } from '../input/open.ts';
import type { KernelVersion } from '../kernel/release.ts';
import { openTrace } from '../readers/index.ts';
import { runReplay } from '../replay/run.ts';
import { RULES } from '../rules/index.ts';
import type { RuleSpec } from '../rules/rule.ts';
import { loadDomain } from '../vtime/load-domain.ts';
import { selectRules } from './replay.ts';

export interface BisectReplayOptions {
  readonly kernel?: KernelVersion | undefined;
  /** Release whose answers are asked for. */
  readonly as?: KernelVersion | undefined;
  readonly snapshot?: string | undefined;
  /** Rules to check; absent: all. */
  readonly rules?: readonly RuleSpec[] | undefined;
  /** Description and changes to it; absent: as the header says. */
  readonly domain?: { readonly name: string; readonly settings: readonly string[] } | undefined;
}

/** Damage is an InputError. */
export async function replayForBisect(path: string, options: BisectReplayOptions = {}): Promise<ReplayResult> {
  const { kernel, as, snapshot, rules = RULES, domain } = options;
  const source = await openInput(path);
  try {
    const trace = await openTrace(source, snapshot === undefined ? {} : { snapshot });
    return runReplay(trace, {
      path,
      rules,
      domain: await loadDomain(domain?.name ?? trace.header.domain, domain?.settings ?? []),
      ...(kernel === undefined ? {} : { kernel }),
      ...(as === undefined ? {} : { as }),
    });
  } finally {
    source.close();
  }
}

/** Rules by `--skip`; the rule that is searched for cannot be left out. */
export function bisectRules(skip: string | undefined, expected: string): readonly RuleSpec[] {
  const { rules } = selectRules(undefined, skip);
  if (!rules.some(({ id }) => id === expected)) throw new UsageError(`--skip: ${expected} is what is searched for`);
  return rules;
}
