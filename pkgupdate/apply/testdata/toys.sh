# Makes toy packages and a repository of them in /t, and installs old versions.
set -eu
cd /t
mkdir -p rpms repo
toy() { # name version more
	cat >"$1.spec" <<SPEC
Name: $1
Version: $2
Release: 1
Summary: toy
License: none
BuildArch: noarch
$3
%description
toy
%install
mkdir -p %{buildroot}/etc/toys %{buildroot}/usr/share/toys
echo "$2" >%{buildroot}/etc/toys/$1.conf
echo "$2" >%{buildroot}/etc/toys/$1.replaced
echo "$2" >%{buildroot}/usr/share/toys/$1
%files
%config(noreplace) /etc/toys/$1.conf
%config /etc/toys/$1.replaced
/usr/share/toys/$1
SPEC
	rpmbuild -bb --quiet --nodeps --define "_topdir /t/build" --define "_rpmdir /t/rpms" "$1.spec"
}
toy foo 1.0 ""
toy foo 1.0.1 "Requires: dep"
toy bar 1.0~rc1 ""
toy bar 2.0 ""
toy dep 1.0 ""
toy old 1 ""
toy newer 2 "Obsoletes: old < 2"
cp rpms/noarch/*.rpm repo/
createrepo_c -q repo
cat >updateinfo.xml <<X
<?xml version="1.0" encoding="UTF-8"?>
<updates>
<update from="toy@example.org" status="stable" type="security" version="1"><id>TEST-2026:0001</id><title>foo security update</title><severity>Important</severity><release>1</release><issued date="2026-08-01 10:00:00"/><description>foo</description><references><reference href="https://example.org/CVE-2026-0001" id="CVE-2026-0001" type="cve" title="CVE-2026-0001"/></references><pkglist><collection short="t"><name>t</name><package name="foo" version="1.0.1" release="1" epoch="0" arch="noarch" src="foo-1.0.1-1.src.rpm"><filename>foo-1.0.1-1.noarch.rpm</filename></package></collection></pkglist></update>
<update from="toy@example.org" status="stable" type="bugfix" version="1"><id>TEST-2026:0002</id><title>bar bugfix</title><release>1</release><issued date="2026-08-01 10:00:00"/><description>bar</description><pkglist><collection short="t"><name>t</name><package name="bar" version="2.0" release="1" epoch="0" arch="noarch" src="bar-2.0-1.src.rpm"><filename>bar-2.0-1.noarch.rpm</filename></package></collection></pkglist></update>
</updates>
X
modifyrepo_c updateinfo.xml repo/repodata >/dev/null
printf '[t]\nname=t\nbaseurl=file:///t/repo\ngpgcheck=0\nenabled=1\n' | tee /etc/yum.repos.d/t.repo >/etc/zypp/repos.d/t.repo
rpm --initdb
rpm -i --nodeps repo/foo-1.0-1.noarch.rpm repo/bar-1.0~rc1-1.noarch.rpm repo/old-1-1.noarch.rpm
echo edited >>/etc/toys/foo.conf
echo edited >>/etc/toys/foo.replaced
