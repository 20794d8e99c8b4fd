// Several kernels in one source: each is named after its stage, behind the name of the entry.
#pragma once

#define JOINED_(entry, stage) entry##_##stage
#define JOINED(entry, stage) JOINED_(entry, stage)
#define KERNEL(stage) JOINED(ENTRY, stage)
