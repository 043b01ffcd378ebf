alias ll='ls -l'
export EDITOR=vi
