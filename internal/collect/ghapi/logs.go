package ghapi

// LogHosts are where GitHub keeps the logs of jobs, as patterns of host names in which "*" stands for letters, digits and hyphens
// (https://docs.github.com/en/actions/reference/runners/self-hosted-runners, "Needed for uploading/downloading job summaries, logs";
// changelog of 2026-10-22 for the blob stores).
var LogHosts = []string{"productionresultssa*.blob.core.windows.net", "results-receiver.actions.githubusercontent.com", "pipelines*.actions.githubusercontent.com"}
