package config

// kind is how a setting's text is checked.
type kind int

const (
	kindText kind = iota
	kindBool
	kindDuration
	kindMoney
	kindChoice
	kindPath
	kindURL
	kindName
)

// Setting describes one setting; the table of them drives loading, validation,
// `config where` and the documentation.
type Setting struct {
	Name     string   // key in the file and of the flag (with - for _)
	Desc     string   // one line
	Env      []string // variables of ours, the first that is set wins
	Fallback []string // other tools' variables; they yield to a profile named by flag or LORATOP_PROFILE
	Default  string   // text of the default, "" = unset
	Options  []string // the whole choice of a kindChoice
	Secret   bool     // never printed
	NoFile   bool     // a credential: refused in the file
	Only     bool     // stands in a profile section only

	kind kind
}

// Settings lists every setting in the order of `config where`.
func Settings() []Setting {
	return []Setting{
		{Name: "profile", Desc: "connection profile", Env: []string{"LORATOP_PROFILE"}, Default: DefaultProfile, kind: kindName},
		{Name: "url", Desc: "project URL", Env: []string{"LORATOP_URL"}, Fallback: []string{"SUPABASE_URL"}, Only: true, kind: kindURL},
		{Name: "key", Desc: "anon or publishable key", Env: []string{"LORATOP_KEY"}, Fallback: []string{"SUPABASE_ANON_KEY", "SUPABASE_PUBLISHABLE_KEY"}, Only: true, Secret: true},
		{Name: "access_token", Desc: "a user's access token, instead of a stored session", Env: []string{"LORATOP_ACCESS_TOKEN"}, Secret: true, NoFile: true},
		{Name: "allow_http", Desc: "allow plain http to a host that is not this machine", Default: "false", kind: kindBool},
		{Name: "read_only", Desc: "refuse every write", Default: "false", kind: kindBool},
		{Name: "keyring", Desc: "keep sessions in the system's keyring when there is one", Env: []string{"LORATOP_KEYRING"}, Default: "true", kind: kindBool},
		{Name: "theme", Desc: "colours", Env: []string{"LORATOP_THEME"}, Default: "auto", Options: []string{"auto", "dark", "light"}, kind: kindChoice},
		{Name: "ascii", Desc: "draw with 7-bit characters only", Default: "false", kind: kindBool},
		{Name: "chart", Desc: "what charts are drawn with", Env: []string{"LORATOP_CHART"}, Default: "auto", Options: []string{"auto", "braille", "blocks", "ascii"}, kind: kindChoice},
		{Name: "mouse", Desc: "use the mouse", Default: "true", kind: kindBool},
		{Name: "notify", Desc: "how the terminal tells of ends and alerts: OSC 99, 777 or 9 as it can, or its bell", Env: []string{"LORATOP_NOTIFY"}, Default: "auto", Options: []string{"auto", "osc", "bell", "off"}, kind: kindChoice},
		{Name: "refresh", Desc: "poll interval of watch, 100ms or more", Default: "1s", kind: kindDuration},
		{Name: "monthly_budget", Desc: "budget a month in US dollars", kind: kindMoney},
		{Name: "download_dir", Desc: "where downloads go", kind: kindPath},
		{Name: "log", Desc: "file for diagnostics", Env: []string{"LORATOP_LOG"}, kind: kindPath},
	}
}

// DefaultProfile is used when nothing names a profile and there is not just one.
const DefaultProfile = "default"

// find gives the setting of that name.
func find(name string) (Setting, bool) {
	for _, s := range Settings() {
		if s.Name == name {
			return s, true
		}
	}
	return Setting{}, false
}
