// Owns the exit codes of derivd and derivctl (contract.md). Mains return them; units refer to them.
#pragma once

namespace derivd::service {

enum ExitCode : int {
  kExitOk = 0,
  kExitOther = 1,
  kExitUsage = 64,
  kExitCredential = 66,
  kExitJournal = 74,
  kExitInstance = 75,
  kExitToken = 77,
  kExitConfig = 78,
};

enum CtlExitCode : int {
  kCtlOk = 0,
  kCtlOther = 1,
  kCtlUsage = 2,
  kCtlNotRunning = 3,
  kCtlRefused = 4,
  kCtlTimeout = 5,
  kCtlNotFound = 6,
};

}  // namespace derivd::service
