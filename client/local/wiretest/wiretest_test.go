package wiretest_test

import (
	"fmt"
	"testing"

	"github.com/loratop/loratop/client/local/wiretest"
)

func TestMain(m *testing.M) { wiretest.Main(m) }

// TestNamedProject: a project that the variables name is spoken to as they say, and no other is started.
func TestNamedProject(t *testing.T) {
	own := wiretest.Open(t)
	t.Setenv("LORATOP_TEST_URL", own.URL+"/")
	t.Setenv("LORATOP_TEST_KEY", own.Key)
	t.Setenv("LORATOP_TEST_SERVICE_KEY", own.ServiceKey)
	for i, a := range own.Accounts {
		t.Setenv(fmt.Sprint("LORATOP_TEST_ACCOUNT_", i+1), a.Email+":"+a.Password)
	}
	named := wiretest.Open(t)
	if !wiretest.Real() || named.Secret != "" {
		t.Errorf("%+v", named)
	}
	if named.Secret = own.Secret; named != own {
		t.Errorf("named %+v, started %+v", named, own)
	}
	one, _ := named.SignIn(t, 0)
	two, token := named.SignIn(t, 1)
	if one == two || token == "" {
		t.Errorf("users %s and %s", one, two)
	}
}
