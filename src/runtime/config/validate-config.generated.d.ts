// Made from config.schema.json by generate.mjs (npm run generate). Do not edit.
export interface ConfigFault {
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message?: string;
}

declare const validate: {
  (data: unknown): boolean;
  readonly errors?: readonly ConfigFault[] | null;
};
export default validate;
