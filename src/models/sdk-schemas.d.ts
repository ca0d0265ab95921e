// The schema modules of the SDK clients, which ship as JavaScript beside their types (dist-types/schemas).
declare module '@aws-sdk/client-*/dist-es/schemas/schemas_0.js';
