package cmd

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/loratop/loratop/config"
)

// exitCodes is the table that scripts rely on.
func exitCodes() [][2]string {
	return [][2]string{
		{"0", "success"},
		{"1", "failure, or a question that was answered with no"},
		{"2", "mistake in the command line or the configuration, or no terminal to draw on"},
		{"4", "sign-in needed"},
		{"5", "not found, or not yours"},
		{"6", "forbidden by the database's policies or by --read-only; a write that changed nothing"},
		{"7", "network or server trouble, worth retrying"},
		{"8", "a job has not ended yet (wait, jobs get --exit-status)"},
		{"10", "the job failed (watch, wait, jobs get --exit-status)"},
		{"11", "the job was cancelled"},
		{"12", "the job was cancelled by watch --cancel-over"},
		{"65", "the dataset or the job's parameters would be refused"},
		{"124", "--timeout was reached"},
		{"129", "ended by SIGHUP"},
		{"130", "ended by SIGINT (ctrl+c)"},
		{"143", "ended by SIGTERM"},
	}
}

// topics are the pages of help that are no commands.
func topics() []*cobra.Command {
	var codes, env strings.Builder
	codes.WriteString("Exit codes of every command:\n\n")
	for _, c := range exitCodes() {
		fmt.Fprintf(&codes, "  %4s  %s\n", c[0], c[1])
	}
	codes.WriteString("\nWith --json errors are one line on stderr:\n  {\"error\":{\"code\":…,\"message\":…,\"hint\":…,\"exit\":…}}")
	env.WriteString("Variables, by the setting that they give. A flag outranks them; they outrank the\nprofile, which outranks the file. loratop config where shows what holds.\n\n")
	for _, s := range config.Settings() {
		if names := append(append([]string{}, s.Env...), s.Fallback...); len(names) > 0 {
			fmt.Fprintf(&env, "  %-46s  %s\n", strings.Join(names, ", "), s.Desc)
		}
	}
	for _, v := range [][2]string{
		{"LORATOP_CONFIG_DIR", "folder of config.toml"}, {"LORATOP_DB_URL, DATABASE_URL", "database of loratop migrate"},
		{"LORATOP_JWT_SECRET", "JWT secret of loratop local --bare"}, {"NO_COLOR", "any value: no colours"},
		{"XDG_CONFIG_HOME, XDG_STATE_HOME, XDG_DATA_HOME", "where files go, on every system"}, {"HTTPS_PROXY, NO_PROXY", "the way to the network"},
	} {
		fmt.Fprintf(&env, "  %-46s  %s\n", v[0], v[1])
	}
	return []*cobra.Command{
		{Use: "exit-codes", Short: "Exit codes of every command", Long: codes.String()},
		{Use: "environment", Short: "Environment variables", Long: strings.TrimSpace(env.String())},
	}
}
