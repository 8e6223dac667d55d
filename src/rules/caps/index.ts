// The rules of capability delegation, in the order in which reports list them.
import type { RuleSpec } from '../rule.ts';
import { CID_RULES } from './cids.ts';
import { CONFIGURATION_RULES } from './configuration.ts';
import { EFFECTIVE_RULES, NOTIFICATION_RULES } from './effective.ts';
import { CAPS_ERROR_RULES } from './error-sites.ts';
import { INSERT_RULES } from './inserts.ts';
import { OCCUPANCY_RULES } from './occupancy.ts';
import { BYPASS_RULES, IDLE_RULES, RESCUE_RULES, TREE_RULES } from './tree.ts';

export const CAPS_RULES: readonly RuleSpec[] = [
  ...CONFIGURATION_RULES,
  ...EFFECTIVE_RULES,
  ...NOTIFICATION_RULES,
  ...INSERT_RULES,
  ...OCCUPANCY_RULES,
  ...TREE_RULES,
  ...IDLE_RULES,
  ...BYPASS_RULES,
  ...RESCUE_RULES,
  ...CID_RULES,
  ...CAPS_ERROR_RULES,
];
