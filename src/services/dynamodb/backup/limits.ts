// Limits of backups and recovery, with their units. Source: AWS developer guide, "Backup and restore
// for DynamoDB".

const DAY_MS = 24 * 3600 * 1000;

export const RECOVERY_PERIOD_DEFAULT_DAYS = 35;
/** A deleted table with point-in-time recovery leaves a backup for so long. */
export const SYSTEM_BACKUP_LIFETIME_MS = 35 * DAY_MS;
export const BACKUPS_PER_PAGE_MAX = 100;
/** History that can no longer be restored to is removed this often. */
export const TRIM_INTERVAL_MS = DAY_MS;
export const DAY = DAY_MS;
