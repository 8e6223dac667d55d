// Names of the forms of reports, apart from the reporters so that the command line knows them without loading any.
export const REPORT_FORMATS = ['terminal', 'json', 'junit', 'sarif', 'github'] as const;

export type ReportFormat = (typeof REPORT_FORMATS)[number];
