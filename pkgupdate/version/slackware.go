package version

var slackware = rule{
	name: "slackware",
	parse: func(v Version) (Version, string) {
		v.upstream = v.text
		if v.text == "" {
			return v, "version is empty"
		}
		return v, ""
	},
	compare: func(a, b Version, _ bool) Order {
		if a.text == b.text {
			return Equal
		}
		return Incomparable
	},
}
