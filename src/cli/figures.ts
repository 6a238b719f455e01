// Numbers for people: three digits that count, and a unit.

const STEPS = ["", " k", " M", " G", " T", " P"] as const;

/** `0`, `0.5`, `9,999`, `12.3 k`, `1.20 M`. Not negative. */
export function shortNumber(value: number): string {
  if (value < 10 && !Number.isInteger(value)) return value.toFixed(1);
  const whole = Math.round(value);
  if (whole < 10_000) return whole.toLocaleString("en-US");
  let step = 1;
  let scaled = whole / 1000;
  while (scaled >= 999.5 && step < STEPS.length - 1) {
    scaled /= 1000;
    step++;
  }
  const digits = scaled < 9.995 ? 2 : scaled < 99.95 ? 1 : 0;
  return `${scaled.toFixed(digits)}${STEPS[step]}`;
}

/** `0 %`, `0.4 %`, `92 %`, `100 %`; never 0 or 100 where it is not. */
export function percent(part: number, whole: number): string {
  if (whole <= 0 || part <= 0) return "0 %";
  const value = (100 * part) / whole;
  if (value < 0.1) return "< 0.1 %";
  if (value < 10) return `${value.toFixed(1)} %`;
  return part < whole ? `${Math.min(99, Math.round(value))} %` : "100 %";
}
