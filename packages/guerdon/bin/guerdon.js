#!/usr/bin/env node
// Stands in the repository, unlike what is compiled, so that an installation can link it before the first build.
import '../dist/cli.js'
