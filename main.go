// Command loratop is a terminal client for LoRA fine-tuning on Supabase.
package main

import (
	"os"

	"github.com/loratop/loratop/cmd"
)

func main() { os.Exit(cmd.Main(cmd.System())) }
