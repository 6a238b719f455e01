// What of GitHub's workflow syntax is used here. A field that is not here does not type-check.

export interface Workflow {
  readonly name: string;
  readonly on: {
    readonly push?: { readonly branches: readonly string[] };
    readonly pull_request?: Readonly<Record<string, never>>;
    readonly schedule?: readonly { readonly cron: string }[];
    readonly workflow_dispatch?: Readonly<Record<string, never>>;
  };
  readonly permissions: Permissions;
  readonly concurrency?: { readonly group: string; readonly "cancel-in-progress": boolean };
  readonly jobs: Readonly<Record<string, Job>>;
}

/** What is not named is denied. */
export type Permissions = Readonly<Partial<Record<"contents" | "security-events", "read" | "write">>>;

export interface Job {
  readonly name: string;
  readonly "runs-on": string;
  readonly "timeout-minutes": number;
  readonly permissions?: Permissions;
  readonly strategy?: {
    readonly "fail-fast": boolean;
    readonly matrix: { readonly include: readonly Readonly<Record<string, string>>[] };
  };
  readonly steps: readonly Step[];
}

export type Step =
  | { readonly name: string; readonly run: string; readonly if?: string }
  | {
      readonly name: string;
      readonly uses: Action;
      readonly with?: Readonly<Record<string, string | number | boolean>>;
      readonly if?: string;
    };

/** Of GitHub's own by major version; of others by commit, because a tag can be moved to another. */
export type Action =
  | `actions/${string}@${string}`
  | `github/${string}@v${number}`
  | `${string}/${string}@${string}`;

/** v6.0.3, v6, v4 */
export const CHECKOUT: Action = "actions/checkout@df4cb1c069e1874edd31b4311f1884172cec0e10";
export const SETUP_NODE: Action = "actions/setup-node@v6";
export const UPLOAD_SARIF: Action = "github/codeql-action/upload-sarif@v4";
/** v0.36.0 */
export const TRIVY: Action = "aquasecurity/trivy-action@ed142fd0673e97e23eac54620cfb913e5ce36c25";
