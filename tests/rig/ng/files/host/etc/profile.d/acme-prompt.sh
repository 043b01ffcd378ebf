PS1='[\u@\h ng \W]\$ '
