// Prometheus' template functions, for what the generated tests expect: %.4g, and its units.

/** `%.4g`, of numbers that need no exponent. */
function fourDigits(value: number): string {
  return String(Number(value.toPrecision(4)));
}

export function humanize(value: number): string {
  if (value === 0) return "0";
  const small = Math.abs(value) < 1;
  let scaled = value;
  let unit = "";
  for (const next of small ? ["m", "u", "n"] : ["k", "M", "G", "T"]) {
    if (small ? Math.abs(scaled) >= 1 : Math.abs(scaled) < 1000) break;
    scaled = small ? scaled * 1000 : scaled / 1000;
    unit = next;
  }
  return `${fourDigits(scaled)}${unit}`;
}

export function humanizePercentage(ratio: number): string {
  return `${fourDigits(ratio * 100)}%`;
}

/** Of whole seconds. */
export function humanizeDuration(seconds: number): string {
  const sign = seconds < 0 ? "-" : "";
  const whole = Math.floor(Math.abs(seconds));
  const parts: [number, string][] = [
    [Math.floor(whole / 86_400), "d"],
    [Math.floor(whole / 3600) % 24, "h"],
    [Math.floor(whole / 60) % 60, "m"],
    [whole % 60, "s"],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  const shown = first < 0 ? parts.slice(-1) : parts.slice(first);
  return sign + shown.map(([count, unit]) => `${count}${unit}`).join(" ");
}
