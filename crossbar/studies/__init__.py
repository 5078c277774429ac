"""What people ask of an array: each study is a function with a labelled result that draws itself."""
