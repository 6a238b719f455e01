/** Text of schemas.generated.ts. */
export function generate(): string;
