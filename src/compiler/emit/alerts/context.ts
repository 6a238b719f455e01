// What the alerts of a site are made from, and how one is left out.

import type { AlertName, AlertTunings, TuningOf } from "../../../policy/alerting.ts";
import type { Alert, AlertContext, Teams } from "./alert.ts";

export interface SiteAlertContext extends AlertContext {
  readonly tunings: AlertTunings;
  readonly teams: Teams;
}

/** The alert with its tuning; nothing where the site has turned it off. */
export function tuned<N extends AlertName>(
  { tunings }: SiteAlertContext,
  name: N,
  make: (tuning: TuningOf<N>) => Alert,
): Alert[] {
  const tuning: TuningOf<N> | null = tunings[name];
  return tuning === null ? [] : [make(tuning)];
}
