// The package's version, as package.json has it (a test compares): read from here, so that neither compile() nor a bundled agent
// reads a file for it.

export const VERSION = "0.1.0";
