// Nothing: loading it starts the loader of ES modules, which costs more than most functions' modules.
export const warm = true;
